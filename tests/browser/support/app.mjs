/** Opens the tests' own app in a tab of this profile; its tools are then `app` in the page. */
export async function openApp(profile, server) {
  const page = await profile.open(`${server.origin}/fixtures/app.html`);
  await page.waitForFunction(() => globalThis.app);
  return page;
}
