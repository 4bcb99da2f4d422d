// As SvelteKit's own template has it. The package itself needs no line.
import { sveltekit } from "@sveltejs/kit/vite";

export default { plugins: [sveltekit()] };
