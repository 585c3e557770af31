(function(){
"use strict";
var PAGE=JSON.parse(document.getElementById("__UNIVERSAL_DATA_FOR_REHYDRATION__").textContent).__DEFAULT_SCOPE__;
var TEXT=PAGE["webapp.i18n-translation"].Webapp,app=document.getElementById("app");
function text(key){return TEXT[key]||key}
looks({
  body:"display:flex;font-family:Arial,Helvetica,sans-serif;color:#161823;margin:0",nav:"width:240px;padding:20px 16px;box-sizing:border-box;flex:none;border-right:1px solid #eee;min-height:100vh",
  navitem:"padding:10px 4px;font-weight:600;font-size:16px",main:"flex:1;padding:32px 24px",header:"display:flex;gap:24px;margin-bottom:20px",
  avatar:"width:212px;height:212px;flex:none",avatarimg:"width:212px;height:212px;border-radius:50%",title:"font-size:24px;font-weight:700;margin:0 0 4px;display:inline-block",
  subtitle:"font-size:18px;font-weight:600;margin:0 0 14px",counts:"display:flex;gap:20px;font-size:18px;font-weight:400;margin:0 0 12px",countlabel:"margin-left:6px",
  bio:"font-size:16px;font-weight:400;white-space:pre-line;margin:0 0 10px",link:"color:#161823;font-weight:600",tabs:"display:flex;gap:32px;border-bottom:1px solid #ddd;margin-bottom:16px",
  tab:"padding:10px 4px;font-weight:600",notice:"background:#f8f8f8;padding:10px;margin-bottom:12px;font-size:14px",list:"display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:16px",
  card:"position:relative;aspect-ratio:3/4;overflow:hidden;border-radius:8px;background:#eee",anchor:"display:block;width:100%;height:100%",cover:"width:100%;height:100%;object-fit:cover",
  foot:"position:absolute;left:8px;bottom:8px;color:#fff;display:flex;gap:4px;align-items:center;text-shadow:0 0 4px #000",views:"font-size:16px",badge:"position:absolute;left:8px;top:8px;background:#fe2c55;color:#fff;font-size:12px;padding:2px 6px;border-radius:3px",
  message:"padding:90px 20px;text-align:center;font-size:20px",suggested:"padding:8px 4px;font-size:13px;color:#555",button:"background:#fe2c55;color:#fff;border:0;border-radius:8px;padding:10px 30px;font-weight:600;font-size:16px;margin-bottom:16px"
});
var column=el("main"),frame=el("body",{},nav(),column);
app.append(frame);
function nav(){
  var box=el("nav",{},el("navitem",{},"TikTok"));
  ["For You","Explore","Following","LIVE","Upload","Profile","More"].forEach(function(t){box.append(el("navitem",{},t))});
  box.append(el("loginbutton",{id:"header-login-button",type:"button"},text("login")));
  box.append(el("suggested",{},text("suggested_accounts")));
  (PAGE["webapp.biz-context"].suggested||[]).forEach(function(s){box.append(el("suggested",{},s.name+" · "+s.fans+" Followers"))});
  return box;
}
function message(title,more){column.append(el("message",{},el("messagetitle",{},title),el("messagetext",{},more||"")))}
function scopeOf(name){var d=PAGE[name];return d&&d[k("payload")]||d}

function count(kind,value,label){
  return el("count",{},el(kind,{title:label},unit(value,true)),el("countlabel",{},label));
}
function profile(){
  var detail=scopeOf("webapp.user-detail");
  if(!detail)return;
  var user=g(detail,"userInfo","user"),stats=g(detail,"userInfo","statsV2");
  if(detail.statusCode===10221||!g(user,"uniqueId")){message(text("couldnt_find_account"),text("looking_for_videos"));return}
  var handle=g(user,"uniqueId"),name=g(user,"nickname");
  head(user,stats,handle,name);
  var tick=g(user,"verified")?svg('<svg width="20" height="20" viewBox="0 0 48 48" fill="none"><circle cx="24" cy="24" r="24" fill="#20D5EC"></circle><path d="M12 24l9 9 16-16" stroke="white" stroke-width="5"></path></svg>'):null;
  var counts=[count("following",g(stats,"followingCount"),"Following"),count("followers",g(stats,"followerCount"),"Followers"),count("likes",g(stats,"heartCount"),"Likes")];
  var order=ORDER.map(function(i){return counts[i]});
  var link=g(user,"bioLink","link");
  column.append(el("header",{},
    el("avatar",{},el("avatarimg",{loading:"lazy",alt:"",src:g(user,"avatarLarger")})),
    el("headtext",{},
      el("namerow",{},el("title",{},handle),tick||""),
      el("subtitle",{},name),
      el("button",{type:"button","aria-label":"Follow "+name},text("follow")),
      el.apply(null,["counts",{}].concat(order)),
      el("bio",{},g(user,"signature")||text("no_bio_yet")),
      link?el("link",{target:"_blank",rel:"nofollow noreferrer",href:"https://www.tiktok.com/link/v2?aid=1988&lang=en&scene=bio_url&target="+encodeURIComponent(link)},link):"")));
  if(g(user,"privateAccount")){message(text("private_account"),text("follow_to_see"));return}
  column.append(el("tabs",{},el("tab",{},"Videos"),el("repost",{},"Reposts"),el("liked",{},"Liked")));
  column.append(el("notice",{},text("sensitive_notice")));
  feed(user,Number(g(stats,"videoCount")));
}
function head(user,stats,handle,name){
  var full=name+" (@"+handle+") | TikTok",url="https://www.tiktok.com/@"+handle;
  var text=name+" (@"+handle+") on TikTok | "+unit(g(stats,"heartCount"),true)+" Likes. "+unit(g(stats,"followerCount"),true)+" Followers. "+(g(user,"signature")||"");
  document.title=full;
  var c=document.createElement("link");c.rel="canonical";c.href=url;document.head.append(c);
  meta("property","og:url",url);meta("name","description",text);meta("property","og:site_name","TikTok");
  meta("property","og:title",full);meta("property","og:description",text);meta("property","og:image",g(user,"avatarMedium"));
  var person={"@type":"Person",name:name,image:g(user,"avatarMedium"),description:g(user,"signature"),alternateName:handle,url:url,
    interactionStatistic:[["LikeAction","heartCount"],["FollowAction","followerCount"]].map(function(p){
      return {"@type":"InteractionCounter",interactionType:{"@type":"http://schema.org/"+p[0]},userInteractionCount:Number(g(stats,p[1]))}}),identifier:handle};
  if(g(user,"verified"))person.disambiguatingDescription="verified";
  if(g(user,"bioLink","link"))person.sameAs=[g(user,"bioLink","link")];
  var ld=document.createElement("script");ld.type="application/ld+json";ld.id="ProfilePage";
  ld.textContent=JSON.stringify({"@context":"https://schema.org/","@type":"ProfilePage",mainEntity:person});document.head.append(ld);
}

function feed(user,total){
  var list=el("list",{id:"user-post-item-list"}),foot=el("footline"),seen={},cursor="0",busy=false,done=false,handle=g(user,"uniqueId");
  column.append(list,foot);
  function more(){
    if(busy||done)return;
    busy=true;
    var q=new URLSearchParams({WebIdLastTime:"1791000000",aid:"1988",app_language:"en",app_name:"tiktok_web",browser_language:navigator.language,channel:"tiktok_web",cookie_enabled:"true",count:"16",coverFormat:"2",cursor:cursor,device_platform:"web_pc",from_page:"user",post_item_list_request_type:"0",secUid:g(user,"secUid"),user_is_login:"false"});
    var x=new XMLHttpRequest();
    x.open("GET",LIST+"?"+q);
    x.onload=function(){busy=false;receive(x)};
    x.onerror=function(){busy=false;fail()};
    x.send();
  }
  function fail(){done=true;if(!list.children.length)message(text("something_went_wrong"),text("please_try_again"))}
  function receive(x){
    if(x.status!==200||!x.responseText)return fail();
    var body=JSON.parse(x.responseText);
    if(body.code===10000){done=true;return document.body.append(el("captcha",{},text("verify_to_continue")))}
    (g(body,"itemList")||[]).forEach(function(item){
      var id=g(item,"id");
      if(seen[id])return;
      seen[id]=1;
      list.append(card(item,list.children.length));
    });
    if(cursor==="0"){whenSeen(foot,more);beacon("feed")}
    cursor=body.cursor;done=!body.hasMore;
    if(done&&!list.children.length&&total===0)message(text("no_content"),text("no_videos_yet"));
    if(!done&&foot.getBoundingClientRect().top<innerHeight+250)more();
  }
  function card(item,index){
    var id=g(item,"id"),photo=g(item,"imagePost"),who=g(item,"author","uniqueId");
    var alt=(g(item,"desc")||"")+" created by "+g(item,"author","nickname")+" with "+g(item,"music","authorName")+"’s "+g(item,"music","title");
    return el("cell",{id:"grid-item-container-"+index},el("card",{tabindex:"0",role:"button"},
      el("anchor",{href:"https://www.tiktok.com/@"+who+(photo?"/photo/":"/video/")+id},
        g(item,"isPinnedItem")?el("badge",{},text("profile_page_pin")):"",
        el("cover",{loading:"lazy",decoding:"async",alt:alt,src:g(item,"video","cover")}),
        el("foot",{},svg('<svg width="18" height="18" viewBox="0 0 48 48" fill="#fff"><path d="M12 8l28 16-28 16z"></path></svg>'),
          el("views",{},unit(g(item,"statsV2","playCount"),true))))));
  }
  more();
}

function post(){
  var detail=scopeOf("webapp.video-detail"),item=g(detail,"itemInfo","itemStruct");
  if(!item){message(text("video_unavailable"),"");return}
  var name=g(item,"author","nickname"),handle=g(item,"author","uniqueId");
  document.title=(g(item,"desc")||name)+" | TikTok";
  meta("property","og:url","https://www.tiktok.com/@"+handle+"/video/"+g(item,"id"));
  column.append(el("browse",{},
    el("cover",{alt:g(item,"desc")||"",src:g(item,"video","cover"),style:"max-width:360px;height:480px"}),
    el("browsename",{},handle),el("browsetext",{},g(item,"desc")||""),
    el("likecount",{},unit(g(item,"statsV2","diggCount"),true)),el("commentcount",{},unit(g(item,"statsV2","commentCount"),true)),el("sharecount",{},unit(g(item,"statsV2","shareCount"),true))));
}
if(PAGE["webapp.video-detail"])post();else profile();
})();
