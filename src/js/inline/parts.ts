// The build puts the parts of the package here.

/** The worker's script. */
export declare const script: string;
/** The whole wasm module, compressed by gzip, as base64. */
export declare const wasm: string;
