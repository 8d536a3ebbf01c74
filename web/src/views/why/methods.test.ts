import { expect, it } from "vitest";
import { readMethods, toggled } from "./methods";

it("reads the methods of the address in their own order and drops unknown ones", () => {
  expect(readMethods("occlusion,grad_cam,guess").map(({ method }) => method)).toEqual([
    "grad_cam",
    "occlusion",
  ]);
});

it("puts a method in and takes it out again", () => {
  expect(toggled(readMethods("saliency"), "grad_cam")).toBe("grad_cam,saliency");
  expect(toggled(readMethods("grad_cam,saliency"), "grad_cam")).toBe("saliency");
});
