/** The owners that ask for jobs; the prefix of a key is its tier, and the tier says how many jobs run at once. */
export const keys = [
  { key: "enterprise_of_the_chaos", weight: 5 },
  { key: "pro_of_the_chaos", weight: 3 },
  { key: "basic_of_the_chaos", weight: 2 },
] as const;
