/** Of several questions that are under way, only the answer to the last one is taken. */
export function latest<T>(): (ask: Promise<T>, take: (answer: T) => void) => void {
  let last = 0;
  return (ask, take) => {
    const mine = ++last;
    ask.then((answer) => {
      if (mine === last) take(answer);
    }, (error: unknown) => {
      if (mine === last) throw error;
    });
  };
}
