const PLANS: &str = "quantum:stream:apply.plan";

async fn publish(redis: &mut Redis, fields: &[(&str, &str)]) {
    redis.xadd("quantum:stream:trade.skip", "*", fields).await; // = no emission
    redis.xadd(PLANS, "*", fields).await; // ! 8 stream of plans
}
