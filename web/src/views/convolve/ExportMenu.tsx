import { Menu } from "../../components/Menu";
import { saveJson, savePng, saveSvg } from "../../components/save";
import { colours } from "../../drawing/colours";
import type { Drawing } from "../../drawing/surface";
import { useText } from "../../i18n/text";

interface ExportMenuProps {
  name: string;
  description: string;
  drawing(): Drawing;
  data(): unknown;
}

/** Saves the stage as a picture, and its trace as numbers. */
export function ExportMenu({ name, description, drawing, data }: ExportMenuProps) {
  const { t } = useText();
  const ground = colours.value.surface;
  return (
    <Menu label={t("export")}>
      <button
        type="button"
        class="button quiet"
        onClick={() => saveSvg(name, drawing(), ground, description)}
      >
        {t("export-svg")}
      </button>
      <button
        type="button"
        class="button quiet"
        onClick={() => void savePng(name, drawing(), ground)}
      >
        {t("export-png")}
      </button>
      <button type="button" class="button quiet" onClick={() => saveJson(name, data())}>
        {t("export-json")}
      </button>
    </Menu>
  );
}
