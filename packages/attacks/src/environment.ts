/** What every child starts with. Variables of the person who runs this would reach the service and change what is tested. */
export function readBaseEnvironment(): Record<string, string> {
  const { PATH = "/usr/local/bin:/usr/bin:/bin", LANG = "C.UTF-8" } = process.env;
  return { PATH, LANG };
}
