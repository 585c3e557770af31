//! TEMPORARY: CPU per visit.
#![expect(clippy::unwrap_used, reason = "tmp")]
#![allow(warnings)]
use crate::support::pages::{browser, config};
use axum::{
    Router,
    extract::Query,
    response::{Html, IntoResponse},
    routing::get,
};
use social_sentinel::browser::*;
use social_sentinel::model::job::Frame;
use social_sentinel::model::visit::*;
use std::time::{Duration, Instant};

fn jpeg(seed: u32) -> Vec<u8> {
    let mut img = image::RgbImage::new(300, 400);
    let mut x = seed.wrapping_mul(2654435761) | 1;
    let cells: Vec<[u8; 3]> = (0..48)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            [x as u8, (x >> 8) as u8, (x >> 16) as u8]
        })
        .collect();
    for (px, py, p) in img.enumerate_pixels_mut() {
        let c = cells[((px / 50) + (py / 50) * 6) as usize % 48];
        *p = image::Rgb([c[0].wrapping_add((px % 50) as u8), c[1], c[2].wrapping_add((py % 50) as u8)]);
    }
    let mut out = std::io::Cursor::new(Vec::new());
    img.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    out.into_inner()
}
fn cpu_group(group: u32) -> f64 {
    let mut t = 0.0;
    for e in std::fs::read_dir("/proc").unwrap().flatten() {
        if let Ok(stat) = std::fs::read_to_string(e.path().join("stat")) {
            if let Some((_, rest)) = stat.rsplit_once(')') {
                let w: Vec<&str> = rest.split_whitespace().collect();
                if w[2] == group.to_string() {
                    t += (11..15).map(|i| w[i].parse::<f64>().unwrap()).sum::<f64>();
                }
            }
        }
    }
    t / 100.0
}
fn cpu_self() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let w: Vec<String> = s.rsplit_once(')').unwrap().1.split_whitespace().map(str::to_owned).collect();
    (w[11].parse::<f64>().unwrap() + w[12].parse::<f64>().unwrap()) / 100.0
}

async fn serve() -> String {
    let mut js = String::new();
    for i in 0..9000 {
        js.push_str(&format!(
            "function f{i}(a,b){{ var x = a*{i}+b; if (x > {i}) {{ return x - {i} }} return 'value {i}' + x }}\n"
        ));
    }
    js.push_str("for (let i=0;i<9000;i++) window['f'+i](i,2);");
    let js: &'static str = js.leak();
    let blob: String =
        (0..4000).map(|i| format!("\"key{i}\":\"some translated text number {i} in the page\",")).collect();
    let page = format!("<!doctype html><meta charset=utf-8><title>x</title><style>#l{{display:grid;grid-template-columns:repeat(6,1fr);gap:8px}}#l img{{width:100%;aspect-ratio:3/4}}</style>
<script id=data type=application/json>{{{blob}\"z\":1}}</script><script src=/a.js></script><header><img src=/img/avatar.jpg width=100 height=100><h1 data-e2e=user-title>name</h1></header><div id=l></div><div id=end>.</div><script>
let cursor=0,busy=false,more=true;async function next(){{if(busy||!more)return;busy=true;const r=await(await fetch('/api/list?cursor='+cursor+'&sig='+f7(cursor,1))).json();cursor=r.cursor;more=r.hasMore;
for(const i of r.itemList){{const d=document.createElement('div');d.className='card';const m=new Image();m.loading='lazy';m.src='/img/'+i.id+'.jpg';d.append(m,i.desc);l.append(d)}}busy=false}}
new IntersectionObserver(e=>e.some(x=>x.isIntersecting)&&next()).observe(end);</script>");
    let page: &'static str = page.leak();
    eprintln!("page {} js {}", page.len(), js.len());
    let imgs: std::sync::Arc<Vec<Vec<u8>>> = std::sync::Arc::new((0..40).map(jpeg).collect());
    eprintln!("img {}", imgs[0].len());
    let r = Router::new().route("/@x", get(move || async move { Html(page) }))
        .route("/a.js", get(move || async move { ([("content-type", "text/javascript")], js) }))
        .route("/api/list", get(|Query(q): Query<std::collections::HashMap<String,String>>| async move { let c: u64 = q["cursor"].parse().unwrap();
            let items: Vec<_> = (c..c+16).map(|i| serde_json::json!({"id": i.to_string(), "desc": "caption ".repeat(10), "pad": "x".repeat(2500)})).collect();
            axum::Json(serde_json::json!({"itemList": items, "cursor": c+16, "hasMore": c < 64})) }))
        .route("/img/{n}", get(move |axum::extract::Path(n): axum::extract::Path<String>| { let imgs = imgs.clone(); async move { let i = n.trim_end_matches(".jpg").parse::<usize>().unwrap_or(39) % 40; ([("content-type","image/jpeg")], imgs[i].clone()) } }));
    let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    l.set_nonblocking(true).unwrap();
    let a = l.local_addr().unwrap();
    // own thread, so that its CPU is counted apart
    std::thread::spawn(move || {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        rt.block_on(async move { axum::serve(tokio::net::TcpListener::from_std(l).unwrap(), r).await.unwrap() })
    });
    format!("http://{a}")
}
pub fn visit_of(base: &str, picture: Option<Frame>) -> Visit {
    let p = |t: &str| t.split('.').map(str::to_owned).collect::<Vec<_>>();
    Visit {
        purpose: Purpose::Profile,
        url: format!("{base}/@x"),
        keep: vec!["/api/list".into()],
        ready: vec![Ready::Response("/api/list".into())],
        patience: Duration::from_secs(5),
        paging: Some(Paging {
            want: 30,
            lists: vec![ResponseList { url: "/api/list".into(), list: p("itemList"), id: p("id"), more: p("hasMore") }],
            cards: None,
            max_steps: 20,
            stall: Duration::from_secs(5),
        }),
        picture,
    }
}
#[tokio::test(flavor = "multi_thread")]
#[ignore]
async fn cost() {
    let base = serve().await;
    let mut rows: Vec<(String, SessionSpec, Option<Frame>, usize)> = vec![];
    for (n, f, fm) in [
        ("jpeg", Some(Frame::Viewport), PictureFormat::Jpeg),
        ("png", Some(Frame::Viewport), PictureFormat::Png),
        ("none", None, PictureFormat::Jpeg),
    ] {
        for (b, bl) in [("faithful", Blocking::Faithful), ("lean", Blocking::Lean)] {
            rows.push((
                format!("{n} {b}"),
                SessionSpec { picture_format: Some(fm), blocking: bl, ..Default::default() },
                f,
                1,
            ));
        }
    }
    rows.push(("2 processes jpeg faithful".into(), SessionSpec::default(), Some(Frame::Viewport), 2));
    for round in 0..2 {
        for (name, spec, frame, procs) in &rows {
            let mut c = config();
            c.processes = *procs;
            let b = browser(&c).await;
            tokio::time::sleep(Duration::from_millis(600)).await;
            {
                let s = b.session(spec).await.unwrap();
                s.visit(&visit_of(&base, *frame)).await.unwrap();
                s.close().await;
            }
            let (c0, s0, t0) = (b.pids().into_iter().map(cpu_group).sum::<f64>(), cpu_self(), Instant::now());
            let n = 20;
            let mut lat = vec![];
            let work = |k: usize| {
                let (b, spec, base) = (b.clone(), spec.clone(), base.clone());
                let frame = *frame;
                async move {
                    let mut l = vec![];
                    for _ in 0..k {
                        let t = Instant::now();
                        let s = b.session(&spec).await.unwrap();
                        let v = s.visit(&visit_of(&base, frame)).await.unwrap();
                        s.close().await;
                        assert_eq!(v.paging, Some(PagingEnd::Enough));
                        l.push((t.elapsed().as_millis(), v.picture.map(|p| p.bytes.len()), v.page.responses.len()));
                    }
                    l
                }
            };
            let (a, d) = tokio::join!(tokio::spawn(work(n / 2)), tokio::spawn(work(n / 2)));
            lat.extend(a.unwrap());
            lat.extend(d.unwrap());
            lat.sort();
            let el = t0.elapsed().as_secs_f64();
            let (c1, s1) = (b.pids().into_iter().map(cpu_group).sum::<f64>(), cpu_self());
            println!(
                "round {round} {name:28} chromium {:.3} ours+site {:.3} /min {:.0} median {}ms pic {:?} resp {}",
                (c1 - c0) / n as f64,
                (s1 - s0) / n as f64,
                n as f64 * 60.0 / el,
                lat[n / 2].0,
                lat[n / 2].1,
                lat[n / 2].2
            );
            b.shutdown().await;
        }
    }
}
