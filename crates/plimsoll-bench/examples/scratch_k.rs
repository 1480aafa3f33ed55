use plimsoll_bench::{limits,rounds::*,workload::*};
use plimsoll_math::InstructionSet;
use plimsoll_risk::*;
fn main(){
  let m=chain(); let ids:Vec<_>=m.ids().collect();
  for s in [33usize,1000] {
  let set=scenarios(s);
  for i in InstructionSet::available(){
    let l2=limits::L2Read::default();
    let mut arr=RiskArray::price_with(i,&m,ids.iter().copied(),&set,Measure::Usd).unwrap();
    let n=(ids.len()*s) as f64;
    let a10:Vec<_>=accounts(&m,1,20)[0].iter().map(|p|p.0).collect();
    let mut arr2=RiskArray::price_with(i,&m,ids.iter().copied(),&set,Measure::Usd).unwrap();
    let arr3=RiskArray::price_with(i,&m,ids.iter().copied(),&set,Measure::Usd).unwrap();
    let na=if s==33 {20000} else {2000};
    let acc=accounts(&m,na,20);
    let b=Accounts::bind(&arr3,acc.iter().map(|a|a.iter().copied())).unwrap();
    let w=b.worst_losses(&arr3).unwrap();
    for (a,w) in acc.iter().zip(&w) { let net=arr3.net(a.iter().copied()).unwrap(); let mut best=(0.0,None); for (k,p) in net.iter().enumerate(){ if 0.0-p>best.0 {best=(0.0-p,Some(k as u32));}} assert_eq!(best,(w.loss,w.scenario)); }
    let r1:Vec<u32>=acc[0].iter().map(|p|arr3.position(p.0).unwrap() as u32).collect(); let q1:Vec<f64>=acc[0].iter().map(|p|p.1).collect();
    let stride=(s+1).next_multiple_of(8);
    let r=seconds_per_unit(&mut [
      Contestant::new("fma",limits::FMA_PER_RUN,move||limits::fma_peak(i)),
      Contestant::new("l2",limits::L2_BYTES as f64,move||l2.run(i)),
      Contestant::new("price",n,||{std::hint::black_box(RiskArray::price_with(i,&m,ids.iter().copied(),&set,Measure::Usd).unwrap());}),
      Contestant::new("reprice",n,||{arr.reprice(&m,&ids).unwrap();}),
      Contestant::new("reprice20",1.0,||{arr2.reprice(&m,&a10).unwrap();}),
      Contestant::new("accounts",na as f64,||{std::hint::black_box(b.worst_losses(&arr3).unwrap());}),
      Contestant::new("one",1.0,||{std::hint::black_box(arr3.worst(&r1,&q1).unwrap());}),
    ],25,0.02);
    println!("S={s} {i}: fma {:.1} G/s l2 {:.1} GB/s price {:.1} M/s reprice {:.1} M/s ({:.1} us) re20 {:.2} us | accounts {:.2} M/s = {:.0}% L2; one {:.1} ns",1e-9/r[0],1e-9/r[1],1e-6/r[2],1e-6/r[3],r[3]*n*1e6,r[4]*1e6,1e-6/r[5],100.0*(20*stride*8) as f64/r[5]*r[1],r[6]*1e9);
  }}
}
