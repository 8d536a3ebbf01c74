import { useRef, useState } from "preact/hooks";
import type { Api } from "../api/client";
import { asProblem } from "../api/client";
import type { InputEntry, ModelDescription, Problem as ProblemData } from "../api/types";
import { addInput, session } from "../app/session";
import { useText } from "../i18n/text";
import { DrawingPad } from "./DrawingPad";
import { Problem } from "./Problem";
import "./InputPicker.css";

interface InputPickerProps {
  api: Api;
  model: ModelDescription;
  /** An input's id. */
  value: string;
  onChange(input: string): void;
}

/** Chooses what a model is shown: the inputs at hand, a picture file, or a drawing. */
export function InputPicker({ api, model, value, onChange }: InputPickerProps) {
  const { t } = useText();
  const file = useRef<HTMLInputElement>(null);
  const [drawing, setDrawing] = useState(false);
  const [problem, setProblem] = useState<ProblemData | null>(null);
  const closed = session.value?.exported ?? false;
  const pictures = takesPictures(model);

  const add = async (bytes: Blob | ArrayBuffer, type: string, query: string) => {
    try {
      const input = await api.upload<InputEntry>(`/inputs?${query}`, bytes, type);
      addInput(input);
      setProblem(null);
      onChange(input.id);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };

  return (
    <div class="input-picker">
      <div class="input-list" role="group" aria-label={t("input")}>
        {inputsOf(model, session.value?.inputs ?? []).map((input) => (
          <InputButton
            key={input.id}
            api={api}
            input={input}
            chosen={input.id === value}
            choose={() => onChange(input.id)}
          />
        ))}
        {pictures && !closed && (
          <>
            <button type="button" class="button" onClick={() => file.current?.click()}>
              {t("input-upload")}
            </button>
            <input
              ref={file}
              type="file"
              accept="image/png,image/jpeg"
              hidden
              onChange={(event) => {
                const picture = event.currentTarget.files?.[0];
                event.currentTarget.value = "";
                if (picture)
                  void add(picture, picture.type, `name=${encodeURIComponent(picture.name)}`);
              }}
            />
            <button
              type="button"
              class="button"
              aria-expanded={drawing}
              onClick={() => setDrawing(!drawing)}
            >
              {t("input-draw")}
            </button>
          </>
        )}
      </div>
      {drawing && (
        <DrawingPad
          shape={drawingShape(model)}
          onClose={() => setDrawing(false)}
          onDone={(values, shape) => {
            setDrawing(false);
            const name = encodeURIComponent(t("input-drawing"));
            const query = `shape=${shape.join(",")}&name=${name}`;
            void add(values.buffer, "application/octet-stream", query);
          }}
        />
      )}
      {problem && <Problem problem={problem} />}
    </div>
  );
}

interface InputButtonProps {
  api: Api;
  input: InputEntry;
  chosen: boolean;
  choose(): void;
}

function InputButton({ api, input, chosen, choose }: InputButtonProps) {
  const title = input.label ? `${input.name} (${input.label})` : input.name;
  const picture = api.url(`/inputs/${input.id}/picture`);
  const [missing, setMissing] = useState(false);
  return (
    <button
      type="button"
      class="input-choice"
      aria-pressed={chosen}
      aria-label={title}
      title={title}
      onClick={choose}
    >
      {HAS_PICTURE.includes(input.kind) && picture && !missing ? (
        <img src={picture} alt="" loading="lazy" onError={() => setMissing(true)} />
      ) : (
        <span>{input.name}</span>
      )}
    </button>
  );
}

const HAS_PICTURE: InputEntry["kind"][] = ["embedded", "image", "upload", "drawing", "sample"];

/** Whether the model takes one input of height, width and one or three channels. */
export function takesPictures(model: ModelDescription): boolean {
  const [shape, ...others] = model.input_shapes;
  const channels = shape?.at(-1);
  return others.length === 0 && shape?.length === 3 && (channels === 1 || channels === 3);
}

/** The inputs that suit a model. */
export function inputsOf(model: ModelDescription, inputs: readonly InputEntry[]): InputEntry[] {
  const pictures = takesPictures(model);
  return inputs.filter((input) => {
    if (input.id === model.default_input) return true;
    if (input.model !== null) return input.model === model.id;
    return pictures || input.kind === "made_up";
  });
}

/** Drawings are as large as the model's input, but no finer than a hand draws. */
function drawingShape(model: ModelDescription): [number, number, number] {
  const side = (size: number | null | undefined) => Math.min(64, size ?? 28);
  const [height, width] = model.input_shapes[0] ?? [];
  return [side(height), side(width), 1];
}
