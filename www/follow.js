/**
 * Subscribes to a live query and stays subscribed: before the first sync there are no tables yet, so a query that
 * fails is tried again whenever the status has changed.
 */
export function follow(db, live, onResult, onError) {
  let failed = false;
  let stop = () => {};
  const start = () => {
    failed = false;
    stop = live.subscribe(onResult, (error) => {
      failed = true;
      onError(error);
    });
  };
  start();
  const ignoreStatus = db.onStatus(() => {
    if (failed) start();
  });
  return () => {
    ignoreStatus();
    stop();
  };
}
