import { describe, expect, it } from "vitest";
import { toCsv } from "./csv.ts";

describe("CSV", () => {
  it("has a header and ends each line with CRLF", () => {
    expect(
      toCsv(
        ["a", "b"],
        [
          ["x", 1.5],
          [null, undefined],
        ],
      ),
    ).toBe("a,b\r\nx,1.5\r\n,\r\n");
    expect(toCsv(["a"], [])).toBe("a\r\n");
  });

  it("quotes commas, quotes and line breaks, and doubles quotes", () => {
    expect(toCsv(["a"], [["x,y"], ['say "x"'], ["two\r\nlines"]])).toBe(
      'a\r\n"x,y"\r\n"say ""x"""\r\n"two\r\nlines"\r\n',
    );
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uFF1D1"])("lets %j compute nothing", (text) => {
    const cell = toCsv(["a"], [[text]]).slice(3);
    expect(cell.replace(/^"/, "").startsWith("'")).toBe(true);
    expect(cell).toContain(text);
  });

  it("leaves negative numbers as they are: only texts come from outside", () => {
    expect(toCsv(["a"], [[-1]])).toBe("a\r\n-1\r\n");
  });
});
