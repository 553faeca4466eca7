//! A hand-written futures client.

pub struct Client {
    http: Http,
}

impl Client {
    pub async fn create_order(&self, body: &str) -> Result<String, Error> { // = definition
        self.http.post("/fapi/v1/order", body).await // = other call
    }

    pub async fn cancel_order(&self, id: u64) -> Result<String, Error> { // = definition
        self.http.delete("/fapi/v1/order", id).await // = other call
    }

    pub async fn buy(&self, ask: &Ask) -> Result<String, Error> {
        self.cancel_order(ask.replaces).await?; // = cancel
        self.futures_create_order(&ask.body()).await // ! 8 futures_create_order
    }
}
