// Places between places: texts that sort byte by byte, with room for another one between any two.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE = DIGITS.length;
/** Digits that a step past either end counts in, so that many steps do not make long texts. */
const WIDTH = 4;
/** Digits of chance at the end: two who put something into the same gap at the same time do not get the same place. */
const CHANCE = 3;

const digitsOf = (text) => Array.from(text, (digit) => DIGITS.indexOf(digit));

/** A place after `before` and in front of `after`; `null` stands for the beginning and for the end. */
export function between(before, after) {
  const digits = before === null && after !== null ? stepDown(after) : before !== null && after === null ? stepUp(before) : middle(before, after);
  // The last one is not zero: in front of "a0" there is no room after "a".
  for (let left = CHANCE; left > 0; left--) digits.push(left === 1 ? 1 + chance(BASE - 1) : chance(BASE));
  return digits.map((digit) => DIGITS[digit]).join("");
}

function middle(before, after) {
  const low = digitsOf(before ?? "");
  // Two rows in one place have nothing between them: then it goes after both.
  const high = after !== null && (before ?? "") < after ? digitsOf(after) : null;
  const digits = [];
  for (let at = 0, bounded = high !== null; ; at++) {
    const from = low[at] ?? 0;
    const to = bounded ? (high[at] ?? 0) : BASE;
    if (to - from > 1) return [...digits, from + ((to - from) >> 1)];
    digits.push(from);
    if (to > from) bounded = false;
  }
}

function stepUp(before) {
  const number = numberOf(before);
  return number + 2 < BASE ** WIDTH ? digitsOfNumber(number + 1) : middle(before, null);
}

function stepDown(after) {
  const number = numberOf(after);
  return number > 1 ? digitsOfNumber(number - 1) : middle(null, after);
}

/** The first digits as a number. */
function numberOf(text) {
  return digitsOf(text.padEnd(WIDTH, "0").slice(0, WIDTH)).reduce((sum, digit) => sum * BASE + digit, 0);
}

function digitsOfNumber(number) {
  return Array.from({ length: WIDTH }, (_, at) => Math.floor(number / BASE ** (WIDTH - 1 - at)) % BASE);
}

function chance(below) {
  return Math.floor(Math.random() * below);
}
