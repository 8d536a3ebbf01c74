import { useState } from "preact/hooks";
import type { LayerMaps } from "../../api/types";
import { channelOf } from "../../api/values";
import { useResource } from "../../app/resource";
import type { ViewProps } from "../../app/view";
import { Problem } from "../../components/Problem";
import { Slider } from "../../components/Slider";
import { useWidth } from "../../drawing/width";
import { formatCount, formatPercent, formatShape, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { channelsOf, deadOf, spaceOf } from "./layer-maps";
import { MapDetail } from "./MapDetail";
import { MapSheet } from "./MapSheet";
import { Numbers } from "./Numbers";
import { sheetFor } from "./sheet";
import { useSeen } from "./visible";

export interface LayerSectionProps extends Pick<ViewProps, "api" | "model" | "navigate"> {
  layer: LayerMaps;
  input: string;
  common: boolean;
  /** The map that is looked at closely. */
  chosen: number | null;
}

/** What one layer makes of the picture: its numbers, and its maps once they come near the screen. */
export function LayerSection(props: LayerSectionProps) {
  const { layer, chosen, navigate } = props;
  const { t } = useText();
  const [place, seen] = useSeen<HTMLElement>();
  const dead = deadOf(layer);
  return (
    <section
      class="maps-layer"
      ref={place}
      aria-label={layer.layer}
      data-layer={layer.layer}
      data-seen={seen}
    >
      <header class="maps-layer-head">
        <h2>{layer.layer}</h2>
        <p class="muted number">{`${layer.type} · ${formatShape(layer.shape)}`}</p>
        <dl class="maps-numbers small">
          <Fact label={t("maps-range")}>
            {t("maps-range-of", {
              minimum: formatValue(layer.minimum, 3),
              maximum: formatValue(layer.maximum, 3),
            })}
          </Fact>
          <Fact label={t("maps-mean")}>{formatValue(layer.mean, 3)}</Fact>
          <Fact label={t("maps-zeros")} share={layer.zeros}>
            {formatPercent(layer.zeros)}
          </Fact>
          {layer.saturated !== null && (
            <Fact label={t("maps-saturated")} share={layer.saturated}>
              {formatPercent(layer.saturated)}
            </Fact>
          )}
        </dl>
        {dead.length > 0 && (
          <p class="maps-dead small">
            {t("maps-dead", { count: dead.length, of: formatCount(channelsOf(layer)) })}
          </p>
        )}
      </header>
      {layer.shape.length < 2
        ? seen && <Numbers {...props} />
        : seen && (
            <Maps
              {...props}
              onChoose={(channel) =>
                navigate(
                  {
                    params:
                      channel === chosen
                        ? { map: "" }
                        : { layer: layer.layer, map: String(channel) },
                  },
                  "replace",
                )
              }
            />
          )}
    </section>
  );
}

function Maps(props: LayerSectionProps & { onChoose(channel: number): void }) {
  const { api, model, layer, input, common, chosen, navigate, onChoose } = props;
  const { t } = useText();
  const [place, width] = useWidth<HTMLDivElement>();
  const [wanted, setPage] = useState<number | null>(null);
  const space = spaceOf(layer);
  const [slice, setSlice] = useState(space.length > 2 ? Math.floor((space[0] ?? 1) / 2) : 0);
  const sheet = sheetFor(space, Math.max(width, 120));
  const count = channelsOf(layer);
  const pages = Math.ceil(count / sheet.perPage);
  const page = Math.min(pages - 1, wanted ?? Math.floor((chosen ?? 0) / sheet.perPage));
  const first = page * sheet.perPage;
  const channels = Array.from(
    { length: Math.min(sheet.perPage, count - first) },
    (_, index) => first + index,
  );
  const values = {
    model: model.id,
    version: model.version,
    layer: layer.layer,
    input,
    of: "output",
  } as const;
  const key = `${Object.values(values).join(" ")} ${first} ${channels.length}`;
  const { data, problem } = useResource(width > 0 ? key : null, async () => ({
    first,
    planes: await Promise.all(
      channels.map((channel) => channelOf(api, values, { channel, shape: layer.shape })),
    ),
  }));
  const planes = data?.first === first ? data.planes : null;
  const chosenPlane = chosen === null ? null : planes?.[chosen - first];
  return (
    <div class="maps-page" ref={place}>
      {problem && <Problem problem={problem} />}
      <MapSheet
        layer={layer}
        sheet={sheet}
        channels={channels}
        planes={planes}
        slice={slice}
        common={common}
        chosen={chosen}
        onChoose={onChoose}
      />
      <div class="row">
        {pages > 1 && (
          <>
            <button
              type="button"
              class="button"
              disabled={page === 0}
              onClick={() => setPage(page - 1)}
            >
              {t("maps-before")}
            </button>
            <button
              type="button"
              class="button"
              disabled={page === pages - 1}
              onClick={() => setPage(page + 1)}
            >
              {t("maps-after")}
            </button>
            <p class="small muted number" role="status">
              {t("maps-page", {
                first,
                last: first + channels.length - 1,
                count: formatCount(count),
              })}
            </p>
          </>
        )}
        {space.length > 2 && (
          <Slider
            label={t("maps-slice")}
            minimum={0}
            maximum={(space[0] ?? 1) - 1}
            value={slice}
            onChange={setSlice}
          />
        )}
      </div>
      {chosen !== null && chosenPlane && (
        <MapDetail
          layer={layer}
          channel={chosen}
          plane={chosenPlane}
          slice={slice}
          common={common}
          navigate={navigate}
          onClose={() => onChoose(chosen)}
        />
      )}
    </div>
  );
}

function Fact({ label, share, children }: { label: string; share?: number; children: string }) {
  return (
    <div class="maps-fact">
      <dt class="muted">{label}</dt>
      <dd class="number">
        {children}
        {share !== undefined && (
          <span class="maps-share" aria-hidden="true">
            <span style={{ width: `${100 * share}%` }} />
          </span>
        )}
      </dd>
    </div>
  );
}
