// A session that ended while a page is open: ask for the login, and come back to the page.
(() => {
  const ask = window.fetch;
  let leaving = false;
  window.fetch = async (...what) => {
    const answer = await ask(...what);
    if (answer.status === 401 && !leaving) {
      leaving = true;
      const here = window.location.pathname + window.location.search;
      window.location.assign(`/login?next=${encodeURIComponent(here)}`);
    }
    return answer;
  };
})();
