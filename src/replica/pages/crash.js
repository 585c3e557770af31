addEventListener("load",function(){setTimeout(function(){var n=document.body;for(var i=0;i<60000;i++){var d=document.createElement("div");n.appendChild(d);n=d}document.body.offsetHeight},30)});
