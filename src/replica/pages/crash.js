/* Layout follows every level of nesting on the stack: some ten thousand levels end the renderer, at once and without
   much memory. */
addEventListener("load",function(){var n=document.body;for(var i=0;i<30000;i++){var d=document.createElement("div");n.appendChild(d);n=d}document.body.offsetHeight});
