<<<<<<< HEAD
/** Of several questions that are under way, only the answer to the last one is taken. */
=======
// While a slider is dragged many questions are asked, and answers to older ones may come later.

/** Hands over the answer to the last question only. */
>>>>>>> wc
export function latest<T>(): (ask: Promise<T>, take: (answer: T) => void) => void {
  let last = 0;
  return (ask, take) => {
    const mine = ++last;
<<<<<<< HEAD
    ask.then((answer) => {
      if (mine === last) take(answer);
    }, (error: unknown) => {
      if (mine === last) throw error;
=======
    void ask.then((answer) => {
      if (mine === last) take(answer);
>>>>>>> wc
    });
  };
}
