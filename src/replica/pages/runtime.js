/* Names that a deployment may change: element looks by part, and JSON keys. */
function k(n){return KEYS[n]||n}
function g(o){for(var i=1;i<arguments.length&&o!=null;i++)o=o[typeof arguments[i]==="number"?arguments[i]:k(arguments[i])];return o}
function find(o,key){
  if(!o||typeof o!=="object")return;
  if(!Array.isArray(o)&&Object.prototype.hasOwnProperty.call(o,key))return o[key];
  for(var i in o){var f=find(o[i],key);if(f!==undefined)return f}
}
function el(part,attrs){
  var s=SKIN[part]||{t:"div",c:"",a:{},w:0},n=document.createElement(s.t),kids=[].slice.call(arguments,2);
  if(s.c)n.className=s.c;
  for(var a in s.a)n.setAttribute(a,s.a[a]);
  for(a in attrs||{})if(attrs[a]!=null&&DROP.indexOf(a)<0)n.setAttribute(a,attrs[a]);
  kids.forEach(function(c){if(c!=null&&c!=="")n.append(c)});
  for(var i=0;i<s.w;i++){var w=document.createElement("div");w.className=s.c+"-w"+i;w.append(n);n=w}
  return n;
}
function svg(html){var t=document.createElement("template");t.innerHTML=html;return t.content.firstChild}
function unit(n,cut){
  n=Number(n);
  var f=n<1e4?null:n<1e6?[1e3,"K"]:n<1e9?[1e6,"M"]:[1e9,"B"];
  if(!f)return cut?String(n):n.toLocaleString("en-US");
  var t=Math.floor(n*10/f[0]);
  return (t%10?(t/10).toFixed(1):String(t/10))+f[1];
}
function meta(attr,name,content){var m=document.createElement("meta");m.setAttribute(attr,name);m.setAttribute("content",content);m.setAttribute("data-rh","true");document.head.append(m)}
function style(css){var s=document.createElement("style");s.textContent=css;document.head.append(s)}
function looks(rules){var css="";for(var p in rules){var s=SKIN[p];if(s&&s.c)css+="."+s.c.split(" ")[0]+"{"+rules[p]+"}"}style(css)}
// A scroll asks again: an end that was pushed down and scrolled back to between two frames was never out of sight for the observer.
function whenSeen(node,act){
  new IntersectionObserver(function(es){if(es.some(function(e){return e.isIntersecting}))act()},{rootMargin:"250px"}).observe(node);
  addEventListener("scroll",function(){if(node.getBoundingClientRect().top<innerHeight+250)act()},{passive:true});
}
function beacon(what){if(navigator.sendBeacon)navigator.sendBeacon("/ajax/bz",JSON.stringify({event:what,at:performance.now()}))}
addEventListener("load",function(){beacon("loaded")});
