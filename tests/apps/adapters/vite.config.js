// For the .svelte file, as in every Svelte app. The package itself needs no line.
import { svelte } from "@sveltejs/vite-plugin-svelte";

export default { plugins: [svelte()] };
