/** The systems as this run takes them: forwards, then backwards, so that none always has the warmer or the colder machine. */
export const ordered = (systems, run) => (run % 2 === 0 ? [...systems] : [...systems].reverse());
