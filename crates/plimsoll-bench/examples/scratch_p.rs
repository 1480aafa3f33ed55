use plimsoll_bench::workload::*;
use plimsoll_math::InstructionSet;
use plimsoll_risk::*;
fn main(){
  let m=chain(); let ids:Vec<_>=m.ids().collect(); let set=scenarios(33);
  let mut arr=RiskArray::price_with(InstructionSet::best(),&m,ids.iter().copied(),&set,Measure::Usd).unwrap();
  let a:Vec<_>=accounts(&m,1,20)[0].iter().map(|p|p.0).collect();
  if std::env::args().count()>1 { for _ in 0..200000 { arr.reprice(&m,&a).unwrap(); } }
  else { for _ in 0..15000 { std::hint::black_box(RiskArray::price_with(InstructionSet::best(),&m,ids.iter().copied(),&set,Measure::Usd).unwrap()); } }
}
