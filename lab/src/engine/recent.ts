/** The values that were used last, by key: so many of them. */
export class Recent<T> {
  private readonly kept = new Map<string, T>(); // the one used longest ago is first

  constructor(private readonly most: number, private readonly letGo: (value: T) => void = () => {}) {}

  get(key: string): T | undefined {
    const value = this.kept.get(key);
    if (value !== undefined) this.touch(key, value);
    return value;
  }

  set(key: string, value: T): T {
    this.touch(key, value);
    if (this.kept.size > this.most) {
      const [oldest, gone] = this.kept.entries().next().value!;
      this.kept.delete(oldest);
      this.letGo(gone);
    }
    return value;
  }

  values(): Iterable<T> {
    return this.kept.values();
  }

  private touch(key: string, value: T): void {
    this.kept.delete(key);
    this.kept.set(key, value);
  }
}
