type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Field of a configuration file: where it stands, and its JSON Schema. */
export interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** Every field of a JSON Schema, parents first: `[]` is each entry of a list, `*` each name of a mapping. */
export function fieldsOf(schema: Schema, path = ''): readonly Field[] {
  const { properties, items, additionalProperties, required } = schema;
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  const own = isSchema(properties)
    ? Object.entries(properties).flatMap(([name, member]) => {
        if (!isSchema(member)) {
          return [];
        }
        const at = path === '' ? name : `${path}.${name}`;
        return [{ path: at, schema: member, isRequired: names.includes(name) }, ...fieldsOf(member, at)];
      })
    : [];
  const variants = [schema['anyOf'], schema['oneOf']].flat().filter(isSchema);
  return [
    ...own,
    ...(isSchema(items) ? fieldsOf(items, `${path}[]`) : []),
    ...(isSchema(additionalProperties) ? fieldsOf(additionalProperties, `${path}.*`) : []),
    ...variants.flatMap((variant) => fieldsOf(variant, path)),
  ];
}

/** The same schema, each field with its meaning as `description`. */
export function describeFields(schema: Schema, meanings: Readonly<Record<string, string>>): Schema {
  const copy = structuredClone(schema);
  for (const field of fieldsOf(copy)) {
    const meaning = meanings[field.path];
    if (meaning !== undefined) {
      field.schema['description'] = meaning;
    }
  }
  return copy;
}
