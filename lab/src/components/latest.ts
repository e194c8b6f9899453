// While a slider is dragged many questions are asked, and answers to older ones may come later.

/** Hands over the answer to the last question only. */
export function latest<T>(): (ask: Promise<T>, take: (answer: T) => void) => void {
  let last = 0;
  return (ask, take) => {
    const mine = ++last;
    void ask.then((answer) => {
      if (mine === last) take(answer);
    });
  };
}
