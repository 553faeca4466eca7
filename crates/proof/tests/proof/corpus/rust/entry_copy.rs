//! Copies the trades of another account.

pub struct Copier {
    pub redis: Redis,
    pub retry_policy: u32,
}

impl Copier {
    pub fn new(redis: Redis) -> Self {
        Copier { redis, retry_policy: 3 } // = retries
    }

    pub async fn mirror(&mut self, seen: &Seen) -> Result<(), Error> {
        if seen.closing {
            return Ok(());
        }
        publish_plan(&mut self.redis, seen).await?; // ! 8 publish_plan
        self.redis.publish("health", "1").await // = other topic
    }
}
