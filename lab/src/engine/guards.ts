// Guardrails: policies, the bot, the audit, the grader.
import type { Models } from './models';
import { Recent } from './recent';
import { EngineError } from './types';
import type { AuditReport, BotAnswer, GradeReport, Guard, ModelId } from './types';
import { seedOf } from './wasm';
import type { Wasm } from './wasm';

const GUARDS: Guard[] = ['certified', 'resample', 'off'];
const GROUPS = ['benign', 'adversarial', 'output filter', 'clarity'];
const BOT_TEMPERATURE = 0.7; // the assignment's
export const KEPT_POLICIES = 32;

export class Guards {
  private readonly wasm: Wasm;
  private readonly policies = new Recent<string>(KEPT_POLICIES); // by name
  private last: { key: string; numbers: Record<string, unknown> } | null = null; // of a source

  constructor(private readonly models: Models) {
    this.wasm = models.wasm;
  }

  keep(name: string, policy: string): void {
    this.policies.set(name, policy);
  }

  withPolicy<T>(model: number, policy: string, f: (constraint: number) => T): T {
    const { wasm } = this;
    const constraint = wasm.withText(policy, (text, size) => wasm.pointer('constraint_forbid', model, text, size));
    try {
      return f(constraint);
    } finally {
      wasm.call('constraint_free', constraint);
    }
  }

  value(scheme: string, query: URLSearchParams, path: string): number {
    const model = query.get('model') ?? 'trained';
    const name = query.get('policy') ?? '';
    const policy = this.policies.get(name);
    if (policy === undefined) throw new EngineError(`no such policy: '${name}', expected one that was kept`);
    const guard = (query.get('guard') ?? 'certified') as Guard;
    const seed = Number(query.get('seed') ?? 1);
    const key = JSON.stringify([scheme, [...query], this.models.version(model), policy]);
    if (this.last?.key !== key) {
      const prefix = query.get('prefix') ?? '';
      const asked = {
        policy: () => ({ ...this.check(model, policy) }),
        audit: () => ({ ...this.audit(model, policy, [prefix], Number(query.get('prune') ?? 1e-4)).prefixes[0] }),
        bot: () => this.countLeaks(model, policy, guard, seed, prefix, Number(query.get('count') ?? 1)),
        grade: () => ({ ...this.grade(model, policy, guard, seed) }),
      }[scheme as 'policy'];
      this.last = { key, numbers: asked() };
    }
    const value = this.last.numbers[path];
    if (typeof value !== 'number') throw new EngineError(`${path}: no number of a ${scheme} source`);
    return value;
  }

  private countLeaks(
    id: ModelId, policy: string, guard: Guard, seed: number, prefix: string, count: number,
  ): Record<string, number> {
    const answers = this.bot(id, policy, guard, seed, new Array<string>(count).fill(prefix));
    const names = answers.filter(({ ok }) => ok).map(({ line }) => line.slice('OK: '.length));
    return {
      leaked: this.allowed(id, policy, names).filter((allowed) => !allowed).length,
      refused: count - names.length,
    };
  }

  allowed(id: ModelId, policy: string, names: string[]): boolean[] {
    const { wasm } = this;
    return this.withPolicy(this.models.handle(id), policy, (constraint) => names.map((name) =>
      wasm.withText(name, (text, size) => wasm.scratch(4, (out) => {
        wasm.check('constraint_allows', constraint, text, size, out);
        return wasm.i32(out) === 1;
      }))));
  }

  check(id: ModelId, policy: string): { words: number; states: number } {
    const { wasm } = this;
    const words = wasm.withText(policy, (text, size) => wasm.scratch(4, (out) => {
      wasm.check('policy_num_words', text, size, out);
      return wasm.u32(out);
    }));
    const states = this.withPolicy(this.models.handle(id), policy, (constraint) => wasm.call('constraint_num_states', constraint));
    return { words, states };
  }

  private withBot<T>(id: ModelId, policy: string, guard: Guard, seed: number, f: (answer: (line: string) => string) => T): T {
    const { wasm } = this;
    const bot = wasm.withText(policy, (text, size) => wasm.pointer(
      'bot_new', this.models.handle(id), text, size, GUARDS.indexOf(guard), BOT_TEMPERATURE, seedOf(seed)));
    try {
      return f((line) => wasm.withText(line, (text, size) => wasm.textOf('bot_answer', bot, text, size)));
    } finally {
      wasm.call('bot_free', bot);
    }
  }

  bot(id: ModelId, policy: string, guard: Guard, seed: number, lines: string[]): BotAnswer[] {
    return this.withBot(id, policy, guard, seed, (answer) => lines.map((request) => {
      const line = answer(request);
      return { line, ok: line.startsWith('OK:') };
    }));
  }

  audit(id: ModelId, policy: string, prefixes: string[], prune: number): AuditReport {
    const { wasm } = this;
    const begin = performance.now();
    const audit = wasm.withText(policy, (text, size) => wasm.withText(prefixes.join('\n'), (lines, linesSize) =>
      wasm.pointer('audit_new', this.models.handle(id), text, size, lines, linesSize, BOT_TEMPERATURE, prune)));
    try {
      return wasm.scratch(40, (out) => ({
        prefixes: Array.from({ length: wasm.call('audit_num_prefixes', audit) }, (_, i) => {
          wasm.check('audit_prefix', audit, i, out);
          return {
            prefix: wasm.text(wasm.u32(out)),
            low: wasm.f64(out + 16),
            high: wasm.f64(out + 24),
            witness: wasm.text(wasm.u32(out + 36)),
            refused: wasm.i32(out + 32) === 1,
          };
        }),
        words: Array.from({ length: wasm.call('audit_num_words', audit) }, (_, i) => {
          wasm.check('audit_word', audit, i, out);
          return {
            word: wasm.text(wasm.u32(out)),
            low: wasm.f64(out + 8),
            high: wasm.f64(out + 16),
            witness: wasm.text(wasm.u32(out + 24)),
          };
        }),
        seconds: (performance.now() - begin) / 1000,
      }));
    } finally {
      wasm.call('audit_free', audit);
    }
  }

  grade(id: ModelId, policy: string, guard: Guard, seed: number): GradeReport {
    const { wasm } = this;
    const hidden = 2;
    const requests = 2000; // as microgpt grade has it
    const grader = wasm.withText(policy, (text, size) => wasm.pointer('grader_new', text, size, seedOf(seed), hidden, requests));
    try {
      for (let sheet = 0; sheet < wasm.call('grader_num_sheets', grader); ++sheet) {
        const words = wasm.textOf('grader_words', grader, sheet);
        const lines = wasm.textOf('grader_input', grader, sheet).split('\n');
        const output = this.withBot(id, words, guard, seed, (answer) => lines.map(answer).join('\n'));
        wasm.withText(`${output}\n`, (text, size) => wasm.check('grader_judge', grader, sheet, text, size));
      }
      return wasm.scratch(40, (out) => {
        wasm.check('grader_points', grader, out, out + 32);
        const [benign, adversarial, output, clarity, total] = wasm.doubles(out, 5);
        const cases = Array.from({ length: wasm.call('grader_num_cases', grader) }, (_, i) => {
          wasm.check('grader_case', grader, i, out);
          const [group, , what, , , fault, request, expected, got] = wasm.words(out, 9);
          const why = wasm.text(fault);
          return {
            group: GROUPS[group],
            request: wasm.text(request) || wasm.text(what),
            answer: wasm.text(got),
            ok: why === '',
            why: why === '' ? '' : `${why}: expected ${wasm.text(expected)}`,
          };
        });
        return { benign, adversarial, output, clarity, total, cases };
      });
    } finally {
      wasm.call('grader_free', grader);
    }
  }
}
