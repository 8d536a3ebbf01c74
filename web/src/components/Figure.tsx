import type { ComponentChildren } from "preact";
import { colours } from "../drawing/colours";
import type { Drawing } from "../drawing/surface";
import { useText } from "../i18n/text";
import { saveJson, savePng, saveSvg } from "./save";
import { Menu } from "./Menu";
import "./Figure.css";

interface FigureProps {
  title: string;
  /** What the picture shows, in a sentence: its text alternative, and the title inside the SVG. */
  description: string;
  /** The stem of the files that are saved: `resnet50-conv1-filters`. */
  name: string;
  /** The picture as a file holds it; made when it is asked for. */
  drawing?: () => Drawing;
  /** What the picture shows as numbers; made when it is asked for. */
  data?: () => unknown;
  /** Controls beside the title. */
  controls?: ComponentChildren;
  children: ComponentChildren;
}

/** A picture with its title, its text alternative, and a menu that saves it. */
export function Figure({
  title,
  description,
  name,
  drawing,
  data,
  controls,
  children,
}: FigureProps) {
  const { t } = useText();
  const ground = colours.value.surface;
  return (
    <figure class="figure">
      <div class="figure-head">
        <figcaption>
          <h2>{title}</h2>
          <p class="unseen">{description}</p>
        </figcaption>
        <div class="figure-controls">
          {controls}
          {(drawing || data) && (
            <Menu label={t("export")}>
              {drawing && (
                <>
                  <SaveButton
                    label={t("export-svg")}
                    save={() => saveSvg(name, drawing(), ground, `${title}. ${description}`)}
                  />
                  <SaveButton
                    label={t("export-png")}
                    save={() => void savePng(name, drawing(), ground)}
                  />
                </>
              )}
              {data && <SaveButton label={t("export-json")} save={() => saveJson(name, data())} />}
            </Menu>
          )}
        </div>
      </div>
      {children}
    </figure>
  );
}

function SaveButton({ label, save }: { label: string; save(): void }) {
  return (
    <button type="button" class="button quiet" onClick={save}>
      {label}
    </button>
  );
}
