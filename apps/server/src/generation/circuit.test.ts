import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { createCircuit } from "./circuit.ts";

function setUp() {
  const clock = createManualClock();
  return { clock, circuit: createCircuit(clock, () => 0.5) };
}

function fail(circuit: ReturnType<typeof setUp>["circuit"], times: number): void {
  for (let count = 0; count < times; count++) {
    circuit.enter("a");
    circuit.leave("a", "failed");
  }
}

describe("a circuit", () => {
  it("opens after two failures in a row, for this backend alone", () => {
    const { circuit } = setUp();
    fail(circuit, 1);
    expect(circuit.isClosed("a")).toBe(true);
    fail(circuit, 1);
    expect([circuit.isClosed("a"), circuit.isClosed("b")]).toEqual([false, true]);
  });

  it("is not moved by what nobody knows, and forgets failures once a prompt arrived", () => {
    const { circuit } = setUp();
    fail(circuit, 1);
    circuit.leave("a", "unknown");
    circuit.leave("a", "arrived");
    fail(circuit, 1);
    expect(circuit.isClosed("a")).toBe(true);
  });

  it("lets one job try after a rest, and all once that one arrived", () => {
    const { circuit, clock } = setUp();
    fail(circuit, 2);
    clock.advance(5_000);
    expect(circuit.isClosed("a")).toBe(true);
    circuit.enter("a");
    expect(circuit.isClosed("a")).toBe(false);
    circuit.leave("a", "arrived");
    expect(circuit.isClosed("a")).toBe(true);
  });

  it("rests longer each time the probe fails too", () => {
    const { circuit, clock } = setUp();
    fail(circuit, 2);
    clock.advance(5_000);
    fail(circuit, 1);
    clock.advance(5_000);
    expect(circuit.isClosed("a")).toBe(false);
    clock.advance(5_000);
    expect(circuit.isClosed("a")).toBe(true);
  });
});
