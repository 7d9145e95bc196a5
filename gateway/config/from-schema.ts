/** The type that a JSON Schema literal describes, as far as the configuration's schema goes. */

export type FromSchema<S> = S extends { readonly enum: readonly (infer Word)[] }
  ? Word
  : S extends { readonly const: infer Word }
    ? Word
    : S extends { readonly oneOf: readonly (infer Branch)[] }
      ? FromBranch<Branch>
      : S extends { readonly type: 'string' }
        ? string
        : S extends { readonly type: 'integer' }
          ? number
          : S extends { readonly type: 'array'; readonly items: infer Item }
            ? readonly FromSchema<Item>[]
            : S extends { readonly type: 'object'; readonly properties: infer Properties }
              ? FromProperties<Properties, Always<S>>
              : S extends { readonly type: 'object'; readonly additionalProperties: infer Value }
                ? Readonly<Record<string, FromSchema<Value>>>
                : never

// A conditional type over a bare parameter is worked out branch by branch.
type FromBranch<Branch> = Branch extends unknown ? FromSchema<Branch> : never

type Always<S> = S extends { readonly required: readonly (infer Key)[] } ? Key : never

// What has a default is there once the file has been checked.
type IsPresent<Properties, Key extends keyof Properties, Required> = Key extends Required
  ? true
  : Properties[Key] extends { readonly default: unknown }
    ? true
    : false

type FromProperties<Properties, Required> = {
  readonly [
    Key in keyof Properties as IsPresent<Properties, Key, Required> extends true ? Key : never
  ]: FromSchema<Properties[Key]>
} & {
  readonly [
    Key in keyof Properties as IsPresent<Properties, Key, Required> extends true ? never : Key
  ]?: FromSchema<Properties[Key]>
}
