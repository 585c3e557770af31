function fnv(h,t){for(var i=0;i<t.length;i++){h=Math.imul(h^t.charCodeAt(i),0x01000193)>>>0}return h}
function hex8(n){return("0000000"+n.toString(16)).slice(-8)}
function sign(q){var a=fnv(0x811c9dc5,q),b=fnv((a^0x5bd1e995)>>>0,SECRET),c=fnv(b,q);return"DFSz"+hex8(a)+hex8(b)+hex8(c)}
function msToken(){var m=/(?:^|; )msToken=([^;]+)/.exec(document.cookie);return m?m[1]:"none"}
function signed(url){
  var u=String(url);
  if(u.indexOf(LIST)<0&&u.indexOf("/api/user/detail/")<0||u.indexOf("X-Bogus=")>=0)return url;
  u=new URL(u,location.href);
  var q=u.search.slice(1)+"&msToken="+msToken();
  return u.origin+u.pathname+"?"+q+"&X-Bogus="+sign(q);
}
/* Every call that leaves the page is signed, whoever makes it. */
var plainFetch=window.fetch;
window.fetch=function(input,init){return plainFetch.call(window,typeof input==="string"||input instanceof URL?signed(input):input,init)};
var plainOpen=XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open=function(method,url){var a=[].slice.call(arguments);a[1]=signed(url);return plainOpen.apply(this,a)};
