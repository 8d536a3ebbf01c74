import { useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import { channelOf, type Plane } from "../../api/values";
import { useResource, type Resource } from "../../app/resource";
import { dark } from "../../app/theme";
import { scaleFor, type Scale } from "../../drawing/palette";
import { rangeOf } from "../../drawing/plane";
import { pictureScale, type CellColour } from "../../drawing/plane-picture";
import { sliceOf } from "./slices";
import { valuesOf, type Subject } from "./subject";

/** One channel of what the convolution reads or makes. */
export function useChannel(
  api: Api,
  subject: Subject,
  { of, channel }: { of: "input" | "output"; channel: number },
): Resource<Plane> {
  const values = valuesOf(subject, of);
  const shape = (of === "input" ? subject.node.input_shape : subject.node.output_shape) ?? [];
  return useResource(`${Object.values(values).join(" ")} ${channel}`, () =>
    channelOf(api, values, { channel, shape }),
  );
}

/** The three channels of a picture. */
export function usePicture(api: Api, subject: Subject, wanted: boolean): Plane[] | null {
  const values = valuesOf(subject, "input");
  const shape = subject.node.input_shape ?? [];
  const key = wanted ? `${Object.values(values).join(" ")} picture` : null;
  const { data } = useResource(key, () =>
    Promise.all([0, 1, 2].map((channel) => channelOf(api, values, { channel, shape }))),
  );
  return data;
}

/** Whether the layer reads the red, green and blue of the model's input. */
export function readsPicture(original: Subject): boolean {
  const { model, node } = original;
  const shape = node.input_shape;
  return (
    node.convolution.rank === 2 &&
    shape?.length === 3 &&
    shape[2] === 3 &&
    String(model.input_shapes[0]) === String(shape)
  );
}

/** The colours of a picture's cells. */
export function usePictureColours(planes: Plane[] | null, depth: number): CellColour | null {
  return useMemo(() => {
    if (!planes) return null;
    const ranges = planes.map(({ values }) => rangeOf(values));
    const scale = pictureScale({
      minimum: Math.min(...ranges.map(({ minimum }) => minimum)),
      maximum: Math.max(...ranges.map(({ maximum }) => maximum)),
    });
    const slices = planes.map((plane) => sliceOf(plane, depth));
    const columns = planes[0]?.size.at(-1) ?? 1;
    const light = (channel: number, index: number): number => scale(slices[channel]?.[index] ?? 0);
    return (row, column) => {
      const index = row * columns + column;
      return [light(0, index), light(1, index), light(2, index)];
    };
  }, [planes, depth]);
}

/** The scale on which planes are drawn that are compared with each other. */
export function useScale(planes: readonly Plane[]): Scale {
  const isDark = dark.value;
  const ranges = planes.map(({ values }) => values);
  return useMemo(() => {
    const all = ranges.map(rangeOf);
    return scaleFor(
      Math.min(...all.map(({ minimum }) => minimum)),
      Math.max(...all.map(({ maximum }) => maximum)),
      isDark,
    );
    // The arrays are kept as long as the values are the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [...ranges, isDark]);
}
