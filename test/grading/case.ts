/** A reference with answers of which it is known whether they are right, by the mathematics or by what contests accept. */
export interface Case {
  answer: string
  right?: readonly string[]
  wrong?: readonly string[]
}

/** Cases by the kind of difference that they are about. */
export type Cases = Readonly<Record<string, readonly Case[]>>
