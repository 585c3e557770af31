(function(){
"use strict";
var RECORDS=[].map.call(document.querySelectorAll("script[data-sjs]"),function(s){return JSON.parse(s.textContent)});
var mount=document.getElementById("mount_0_0_rp");
function record(key){for(var i=0;i<RECORDS.length;i++){var f=find(RECORDS[i],key);if(f!==undefined)return f}}
function records(key){return RECORDS.map(function(r){return find(r,key)}).filter(Boolean)}
function defined(name){var found=null;RECORDS.forEach(function(r){(find(r,"define")||[]).forEach(function(d){if(d[0]===name)found=d[2]})});return found||{}}
looks({
  body:"display:flex;font-family:Helvetica,Arial,sans-serif;color:#000;margin:0;font-size:14px",nav:"width:220px;flex:none;padding:24px 16px;border-right:1px solid #dbdbdb;min-height:100vh;box-sizing:border-box",
  navitem:"display:block;padding:12px 4px;font-size:16px",main:"flex:1;max-width:935px;margin:0 auto;padding:30px 20px",header:"display:grid;grid-template-columns:240px 1fr;margin-bottom:44px",
  picture:"grid-row:1/3;text-align:center",avatar:"width:150px;height:150px;border-radius:50%",namerow:"display:flex;gap:12px;align-items:center",heading:"font-size:20px;font-weight:400;margin:0",
  follow:"background:#0095f6;color:#fff;border:0;border-radius:8px;padding:8px 20px;font-weight:600",counts:"display:flex;gap:40px;list-style:none;padding:0;margin:20px 0;font-size:16px",countlink:"color:#000;text-decoration:none",countbutton:"border:0;background:none;font-size:16px;padding:0",
  number:"font-weight:600",fullname:"display:block;font-weight:600",category:"color:#737373",bio:"white-space:pre-line;display:block",link:"color:#00376b;font-weight:600;text-decoration:none",
  tabs:"border-top:1px solid #dbdbdb;display:flex;justify-content:center;gap:60px;padding:16px;font-weight:600;font-size:12px;letter-spacing:1px",row:"display:flex;gap:4px;margin-bottom:4px",cell:"flex:1;max-width:33.4%;aspect-ratio:3/4;background:#efefef;position:relative",
  card:"display:block;width:100%;height:100%",frame:"width:100%;height:100%",cover:"width:100%;height:100%;object-fit:cover",overlay:"display:none",message:"text-align:center;padding:60px 20px",
  dialog:"position:fixed;left:0;right:0;bottom:0;background:#fff;border-top:1px solid #dbdbdb;padding:40px;text-align:center;font-size:20px",article:"max-width:600px"
});
var main=el("main",{}),frame=el("body",{},nav(),main);
mount.append(frame);
function nav(){
  var box=el("nav",{},el("navitem",{},"Instagram"));
  ["Home","Search","Explore","Reels","Log in","Sign up"].forEach(function(t){box.append(el("navitem",{},t))});
  return box;
}
function message(title,more){main.append(el("message",{},el("messagetitle",{},title),el("messagetext",{},more||"")))}
function content(property){var m=document.querySelector('meta[property="'+property+'"]');return m?m.content:""}
function number(kind,value,label,href){
  var n=el("number",{title:kind==="followers"?Number(value).toLocaleString("en-US"):null},unit(value,false));
  var kids=href?[el("countlink",{href:href,role:"link"},n," "+label)]:[n," "+label];
  return el.apply(null,["count",{}].concat(kids));
}
function header(user,posts,category){
  var name=g(user,"username"),open=!g(user,"is_private");
  var counts=[number("posts",posts,posts===1?"post":"posts"),
    number("followers",g(user,"follower_count"),"followers",open?"/"+name+"/followers/":null),
    number("following",g(user,"following_count"),"following",open?"/"+name+"/following/":null)];
  var order=ORDER.map(function(i){return counts[i]}),link=g(user,"bio_links",0);
  main.append(el("header",{},
    el("picture",{},el("avatarlink",{href:"/"+name+"/",role:"link"},el("avatar",{alt:name+"'s profile picture",src:g(user,"profile_pic_url")}))),
    el("facts",{},el("namerow",{},el("heading",{dir:"auto"},el("name",{},name)),
        g(user,"is_verified")?svg('<svg aria-label="Verified" width="18" height="18" viewBox="0 0 40 40" role="img"><title>Verified</title><circle cx="20" cy="20" r="18" fill="#0095f6"></circle></svg>'):"",
        el("follow",{type:"button"},"Follow")),
      el.apply(null,["counts",{}].concat(order))),
    el("about",{},el("fullname",{dir:"auto"},g(user,"full_name")),category?el("category",{dir:"auto"},category):"",
      el("bio",{dir:"auto"},g(user,"biography")||""),
      link?el("link",{href:g(link,"lynx_url"),target:"_blank",rel:"me nofollow noopener noreferrer"},String(g(link,"url")).replace("https://","")):"")));
}

/* The grid: rows of three, more when its end comes near. */
function grid(owner,name,first,load,limit){
  var box=el("grid"),foot=el("footline"),row=null,shown=0,seen={},busy=false,pages=1,walled=0,info;
  main.append(el("tabs",{},el("tab",{},"POSTS"),el("tab",{},"REELS"),el("tab",{},"TAGGED")),box,foot);
  function add(list){
    (g(list,"edges")||[]).forEach(function(e){
      var node=g(e,"node"),pk=g(node,"pk");
      if(seen[pk])return;
      seen[pk]=1;
      if(shown++%3===0){row=el("row");box.append(row)}
      row.append(card(node,owner,name));
    });
    info=list.page_info||{};
  }
  function more(){
    if(busy||!info.has_next_page)return;
    if(limit&&pages>=limit){if(!walled++)main.append(el("dialog",{role:"dialog"},"Log in to see more photos and videos from "+name));return}
    busy=true;
    load(info.end_cursor).then(function(list){
      busy=false;
      if(!list){info={};return}
      pages++;add(list);
      if(foot.getBoundingClientRect().top<innerHeight+250)more();
    },function(){busy=false;info={}});
  }
  function start(list){add(list);whenSeen(foot,more);beacon("grid")}
  if(first)start(first);else load(null).then(function(list){if(list)start(list);else message("Something went wrong","Please reload the page")});
}
function card(node,owner,name){
  var reel=g(node,"product_type")==="clips",kind=g(node,"media_type"),caption=g(node,"caption","text")||"";
  var sign=kind===8?"Carousel":kind===2?"Clip":null,pinned=(g(node,"timeline_pinned_user_ids")||[]).length;
  var likes=g(node,"like_count");
  return el("cell",{},el("card",{href:"/"+owner+(reel?"/reel/":"/p/")+g(node,"code")+"/",role:"link",tabindex:"0"},
    el("frame",{},el("cover",{loading:"lazy",alt:reel||!g(node,"accessibility_caption")?caption:g(node,"accessibility_caption"),src:g(node,"display_uri")})),
    pinned?svg('<svg aria-label="Pinned post icon" width="20" height="20" viewBox="0 0 24 24" role="img"><title>Pinned post icon</title></svg>'):"",
    sign?svg('<svg aria-label="'+sign+'" style="position:absolute;right:8px;top:8px" fill="#fff" width="20" height="20" viewBox="0 0 48 48" role="img"><title>'+sign+'</title><path d="M8 8h26v26H8z"></path></svg>'):"",
    likes!=null?el("overlay",{},el("overlaycount",{},unit(likes,false)),el("overlaycount",{},unit(g(node,"comment_count"),false))):""));
}
function post(url,form,headers){
  return fetch(url,{method:"POST",headers:Object.assign({"content-type":"application/x-www-form-urlencoded","x-ig-app-id":"936619743392459","x-fb-lsd":defined("LSD").token||""},headers||{}),body:new URLSearchParams(form)}).then(function(r){
    if(!r.ok)return null;
    return r.text().then(function(t){return t?JSON.parse(t.replace(/^for \(;;\);/,"")):null});
  });
}
function guest(user){
  var name=g(user,"username"),query=record("queryID")||"";
  if(g(user,"gating_ruling")==="has_gating"){message("Restricted profile","You must be 18 years old or over to see this profile");return}
  var about=records(k("category")),posts=(/([\d,.KMB]+) Posts/.exec(content("og:description"))||[])[1]||"";
  header(user,Number(posts.replace(/,/g,"")),about[0]);
  if(g(user,"is_private")){message("This account is private","Follow to see their photos and videos.");return}
  var list=record(k("polaris_ordered_timeline_connection"));
  if(!list&&LIST==="/api/graphql")return;
  if(list&&!(g(list,"edges")||[]).length){message("No posts yet","");return}
  grid(name,g(user,"full_name")||name,list,function(after){
    var variables={after:after,first:12,id:g(user,"id")};
    return post(LIST,{av:"0",__d:"www",__user:"0",__a:"1",lsd:defined("LSD").token||"",fb_api_caller_class:"RelayModern",fb_api_req_friendly_name:"PolarisLoggedOutDesktopWWWProfilePostsTabContentQuery",variables:JSON.stringify(variables),doc_id:query}).then(function(body){
      return body&&body.data&&g(body.data,"node","polaris_ordered_timeline_connection");
    });
  },defined("XIGLoggedOutLimits").profile_pages);
}
function member(name){
  fetch("/api/v1/users/web_profile_info/?username="+encodeURIComponent(name),{headers:{"x-ig-app-id":"936619743392459"}}).then(function(r){return r.json()}).then(function(body){
    var u=body.data&&g(body.data,"user");
    if(!u){message("Sorry, this page isn't available.","The link you followed may be broken, or the page may have been removed.");return}
    var user={};
    [["username","username"],["full_name","full_name"],["biography","biography"],["profile_pic_url","profile_pic_url"],["is_verified","is_verified"],["is_private","is_private"],["bio_links","bio_links"]].forEach(function(p){user[k(p[0])]=g(u,p[1])});
    user[k("follower_count")]=g(u,"edge_followed_by","count");user[k("following_count")]=g(u,"edge_follow","count");
    header(user,g(u,"edge_owner_to_timeline_media","count"),g(u,"category_name"));
    if(g(user,"is_private")){message("This account is private","Follow to see their photos and videos.");return}
    grid(name,name,null,function(after){
      return post("/graphql/query",{fb_api_req_friendly_name:"PolarisProfilePostsQuery",doc_id:record("queryID")||"",variables:JSON.stringify({username:name,first:12,after:after,data:{count:12}})}).then(function(body){
        return body&&body.data&&g(body.data,"xdt_api__v1__feed__user_timeline_graphql_connection");
      });
    });
  });
}
function single(){
  var media=record(k("if_not_gated_logged_out")),picture=media?g(media,"display_uri"):content("og:image");
  main.append(el("article",{},el("cover",{src:picture,alt:"",style:"height:600px"}),el("bio",{},content("og:description"))));
}
var logging=record("page_logging")||{},name=logging.name,user=record(k("xig_user_by_username")),viewer=defined("CurrentUserInitialData").USER_ID;
if(name==="profilePage"&&viewer&&viewer!=="0")member((logging.params||{}).username);
else if(name==="profilePage"&&user)guest(user);
else if(name==="postPage")single();
else if(name==="httpErrorPage")message(record("page_type")==="PROFILE_GONE"?"Sorry, this page isn't available.":"Something went wrong","The link you followed may be broken, or the page may have been removed. Go back to Instagram.");
else if(name==="challengePage")message("Confirm it's you to continue","We noticed unusual activity from your account. Complete the check to log back in.");
else message("Log in to Instagram","Mobile number, username or email");
})();
