/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Every change of one leaf, one key, or one item that keeps the rest as it is. */
export function* mutants(value: Json, path = ''): Generator<{ path: string; value: Json }> {
  if (typeof value === 'string') yield* stringMutants(value, path);
  else if (typeof value === 'number') {
    for (const other of [value + 1, value - 1, -value, value + 0.5, String(value), null]) {
      if (!Object.is(other, value)) yield { path: `${path} = ${String(other)}`, value: other };
    }
  } else if (Array.isArray(value)) yield* listMutants(value as readonly Json[], path);
  else if (typeof value === 'object' && value !== null)
    yield* objectMutants(value as { readonly [key: string]: Json }, path);
}

function* stringMutants(value: string, path: string): Generator<{ path: string; value: Json }> {
  for (let i = 0; i < value.length; i++) {
    const character = value.charAt(i);
    const others = [character === 'A' ? 'B' : 'A', character === '0' ? '1' : '0', '%', '\u00e9', ''];
    const cased = character === character.toUpperCase() ? character.toLowerCase() : character.toUpperCase();
    for (const other of new Set([...others, cased])) {
      if (other !== character)
        yield {
          path: `${path}[${String(i)}] ${character}->${other}`,
          value: value.slice(0, i) + other + value.slice(i + 1),
        };
    }
  }
  for (const other of [`${value}A`, `${value}0`, `${value}=`, ` ${value}`, '', 0, null])
    yield { path: `${path} = ${String(other)}`, value: other };
}

function* listMutants(value: readonly Json[], path: string): Generator<{ path: string; value: Json }> {
  for (const [index, item] of value.entries()) {
    yield { path: `${path} without ${String(index)}`, value: value.toSpliced(index, 1) };
    yield { path: `${path} twice ${String(index)}`, value: value.toSpliced(index, 0, item) };
    for (const mutant of mutants(item, `${path}[${String(index)}]`))
      yield { path: mutant.path, value: value.with(index, mutant.value) };
  }
  if (value.length > 1) yield { path: `${path} reversed`, value: value.toReversed() };
}

function* objectMutants(
  value: { readonly [key: string]: Json },
  path: string,
): Generator<{ path: string; value: Json }> {
  yield { path: `${path}.surplus`, value: { ...value, surplus: 1 } };
  for (const [key, field] of Object.entries(value)) {
    const { [key]: _, ...rest } = value;
    yield { path: `${path}.${key} missing`, value: rest };
    for (const mutant of mutants(field, `${path}.${key}`))
      yield { path: mutant.path, value: { ...value, [key]: mutant.value } };
  }
}
