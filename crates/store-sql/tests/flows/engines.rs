/// Makes a module of each function with a test for each engine: the function gets a fresh store on it.
macro_rules! on_every_engine {
    ($($test:ident),+) => {$(
        mod $test {
            use durward_core::Plain;
            use durward_store_sql::testing;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_sqlite() {
                super::$test(testing::fresh_sqlite::<Plain>().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_postgres() {
                if let Some(store) = testing::fresh_postgres::<Plain>().await {
                    super::$test(store).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_mariadb() {
                if let Some(store) = testing::fresh_mysql::<Plain>().await {
                    super::$test(store).await;
                }
            }
        }
    )+};
}
