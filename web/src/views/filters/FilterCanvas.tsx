import { useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { reducedMotion } from "../../app/motion";
import { Canvas } from "../../components/Canvas";
import type { Size } from "../../drawing/viewport";
import { cellOf, weightsPerKernel } from "./kernels";
import { drawBetween, drawSheet, type Corner, type Sheet } from "./paint";
import { HEAD, kernelAt, kernelBox, pictureSize, placesInSight, type Picture } from "./placement";

export interface Chosen {
  filter: number;
  channel: number;
}

export interface Pointed extends Chosen {
  /** The weight's index in its kernel. */
  weight: number;
}

interface FilterCanvasProps {
  label: string;
  sheet: Sheet;
  picture: Picture;
  onResize(width: number): void;
  onChoose(chosen: Chosen): void;
  onPoint(pointed: Pointed | null): void;
  onZoom(factor: number): void;
}

const DURATION = 1100;

/** The kernels in a window that scrolls; only what is in sight is drawn. A change of picture moves every kernel. */
export function FilterCanvas(props: FilterCanvasProps) {
  const { label, sheet, picture, onResize, onChoose, onPoint, onZoom } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const move = useMovement(scroller, sheet, picture);
  const room = pictureSize(sheet.arrangement, picture);

  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => onResize(entry!.contentRect.width));
    observer.observe(scroller.current!);
    return () => observer.disconnect();
    // The observer lives as long as the element.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const corner = (): Corner => ({
    x: scroller.current?.scrollLeft ?? 0,
    y: scroller.current?.scrollTop ?? 0,
  });

  const pointAt = (event: MouseEvent): Pointed | null => {
    const { x, y } = corner();
    const point = [event.offsetX + x, event.offsetY + y] as const;
    const heads = event.offsetX < HEAD.left - 5 || event.offsetY < HEAD.top - 3;
    if (picture === "kernels" && heads) return null;
    const found = kernelAt(sheet.arrangement, picture, sheet.order, point);
    return found && { ...found, weight: weightAt(sheet, picture, found, point) };
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const next = chosenByKey(sheet, event.key);
    if (!next) return;
    event.preventDefault();
    onChoose(next);
    const place = sheet.order.indexOf(next.filter);
    const box = kernelBox(sheet.arrangement, picture, { ...next, place });
    scrollIntoSight(scroller.current!, box, picture === "kernels" ? HEAD : { left: 0, top: 0 });
  };

  return (
    <div
      ref={scroller}
      class="sheet"
      style={{ height: `${sheetHeight(sheet, picture)}px` }}
      onScroll={() => redraw(undefined)}
    >
      <div class="sheet-room" style={{ width: `${room.width}px`, height: `${room.height}px` }}>
        <div class="sheet-window">
          <Canvas
            label={label}
            focusable
            draw={(surface, window) => {
              if (move.share === null) drawSheet(surface, sheet, picture, window, corner());
              else drawBetween(surface, sheet, move.share, window, move.corners);
            }}
            onClick={(event) => {
              const found = pointAt(event);
              if (found) onChoose({ filter: found.filter, channel: found.channel });
            }}
            onPointerMove={(event) => onPoint(pointAt(event))}
            onPointerLeave={() => onPoint(null)}
            onKeyDown={onKeyDown}
            onWheel={(event) => {
              if (!event.ctrlKey && !event.metaKey) return;
              event.preventDefault();
              onZoom(Math.exp(-event.deltaY / 200));
            }}
          />
        </div>
      </div>
    </div>
  );
}

/** High enough for either picture, so that the change between them doesn't move the page; the style sheet sets a limit. */
function sheetHeight({ arrangement, arrangements }: Sheet, picture: Picture): number {
  const heights = (["kernels", "block"] as const).map(
    (other) => pictureSize(arrangements[other], other).height,
  );
  return Math.max(pictureSize(arrangement, picture).height, ...heights) + 20;
}

interface Movement {
  /** From matrix (0) to blocks (1); null at rest. */
  share: number | null;
  corners: { kernels: Corner; block: Corner };
}

/** Runs when the picture changes from matrix to blocks or back. */
function useMovement(
  scroller: { current: HTMLDivElement | null },
  sheet: Sheet,
  picture: Picture,
): Movement {
  const last = useRef(picture);
  const corners = useRef({ kernels: { x: 0, y: 0 }, block: { x: 0, y: 0 } });
  const [share, setShare] = useState<number | null>(null);

  useLayoutEffect(() => {
    const from = last.current;
    last.current = picture;
    const element = scroller.current!;
    if (from === picture) return;
    const old = { x: element.scrollLeft, y: element.scrollTop };
    const next = cornerInOther(sheet, from, picture, {
      ...old,
      width: element.clientWidth,
      height: element.clientHeight,
    });
    element.scrollTo(next.x, next.y);
    const arrived = { x: element.scrollLeft, y: element.scrollTop };
    const still = from === "colour" || picture === "colour" || reducedMotion.value;
    if (still) return;
    const toBlocks = picture === "block";
    corners.current = toBlocks
      ? { kernels: old, block: arrived }
      : { kernels: arrived, block: old };
    const start = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      const time = Math.min(1, Math.max(0, (now - start) / DURATION));
      if (time === 1) return setShare(null);
      setShare(toBlocks ? ease(time) : 1 - ease(time));
      frame = requestAnimationFrame(step);
    });
    setShare(toBlocks ? 0 : 1);
    return () => {
      cancelAnimationFrame(frame);
      setShare(null);
    };
    // Only another picture starts a movement; the sheet is what it was.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [picture]);

  return { share, corners: corners.current };
}

/** Slow at both ends. */
function ease(time: number): number {
  return time < 0.5 ? 4 * time ** 3 : 1 - (2 - 2 * time) ** 3 / 2;
}

/** The corner of the other picture that keeps the chosen filter, or the first in sight, in sight. */
function cornerInOther(sheet: Sheet, from: Picture, to: Picture, seen: Corner & Size): Corner {
  const { order, chosen } = sheet;
  const of = (picture: Picture) =>
    picture === "colour" ? sheet.arrangement : sheet.arrangements[picture];
  const [first, end] = placesInSight(of(from), from, seen);
  const chosenPlace = chosen ? order.indexOf(chosen.filter) : -1;
  const place = chosenPlace >= first && chosenPlace < end ? chosenPlace : first;
  const filter = order[place] ?? 0;
  const box = kernelBox(of(to), to, { place, filter, channel: 0 });
  const centred = (start: number, length: number, space: number) =>
    start + length <= space ? 0 : start + length / 2 - space / 2;
  return {
    x: centred(box.x, box.width, seen.width),
    y: centred(box.y, box.height, seen.height),
  };
}

function weightAt(
  { matrix, arrangement, order }: Sheet,
  picture: Picture,
  { filter, channel }: Chosen,
  [x, y]: readonly [number, number],
): number {
  const box = kernelBox(arrangement, picture, { place: order.indexOf(filter), filter, channel });
  const { tile } = arrangement;
  const column = Math.min(tile.columns - 1, Math.floor(((x - box.x) / box.width) * tile.columns));
  const row = Math.min(tile.rows - 1, Math.floor(((y - box.y) / box.height) * tile.rows));
  let best = 0;
  for (let weight = 0; weight < weightsPerKernel(matrix); weight++) {
    const cell = cellOf(matrix.kernel_size, weight);
    if (cell.column <= column && (tile.kind === "bars" || cell.row <= row)) best = weight;
    if (cell.column === column && (tile.kind === "bars" || cell.row === row)) return weight;
  }
  return best;
}

function chosenByKey({ order, arrangement, chosen }: Sheet, key: string): Chosen | null {
  const { filter, channel } = chosen ?? { filter: order[0]!, channel: 0 };
  const place = order.indexOf(filter);
  const at = (other: number): Chosen => ({
    filter: order[Math.min(order.length - 1, Math.max(0, other))]!,
    channel,
  });
  const channels = (other: number): Chosen => ({
    filter,
    channel: Math.min(arrangement.depth - 1, Math.max(0, other)),
  });
  switch (key) {
    case "ArrowLeft":
      return at(place - 1);
    case "ArrowRight":
      return at(place + 1);
    case "Home":
      return at(0);
    case "End":
      return at(order.length - 1);
    case "ArrowUp":
      return channels(channel - 1);
    case "ArrowDown":
      return channels(channel + 1);
    default:
      return null;
  }
}

function scrollIntoSight(
  element: HTMLElement,
  box: { x: number; y: number; width: number; height: number },
  margin: { left: number; top: number },
): void {
  const along = (start: number, length: number, scroll: number, space: number, free: number) => {
    if (start - free < scroll) return start - free;
    return start + length + 24 > scroll + space ? start + length + 24 - space : scroll;
  };
  element.scrollTo(
    along(box.x, box.width, element.scrollLeft, element.clientWidth, margin.left),
    along(box.y, box.height, element.scrollTop, element.clientHeight, margin.top),
  );
}
