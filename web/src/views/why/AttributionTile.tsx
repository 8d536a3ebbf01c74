import { useEffect, useMemo } from "preact/hooks";
import type { Api, Tensor } from "../../api/client";
import type { Attribution, JobRequest } from "../../api/types";
import { useResource } from "../../app/resource";
import { dark } from "../../app/theme";
import { Figure } from "../../components/Figure";
import { Legend } from "../../components/Legend";
import { divergingScale, sequentialScale } from "../../drawing/palette";
import { rangeOf } from "../../drawing/plane";
import type { Pixels } from "../../drawing/surface";
import { formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import type { Method } from "./methods";
import { overlayPixels } from "./overlay";
import { PictureCanvas } from "./PictureCanvas";
import { isOver, useRun, type Run } from "./run";
import { RunStatus } from "./RunStatus";

interface AttributionTileProps {
  api: Api;
  method: Method;
  /** Null until its turn has come. */
  request: JobRequest | null;
  picture: Pixels;
  opacity: number;
  onOver(): void;
}

/** One method's answer over the picture, with what it means and where it comes from. */
export function AttributionTile(props: AttributionTileProps) {
  const { api, method, request, picture, opacity, onOver } = props;
  const { t } = useText();
  const { run, cancel, again } = useRun(api, request);
  const over = isOver(run);
  useEffect(() => {
    if (over) onOver();
    // Told once, when it is over.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [over]);
  const map = useMap(api, run);
  const scale = useMapScale(map);
  const pixels = useMemo(
    () => (map ? overlayPixels(picture, map, { scale, opacity }) : picture),
    [map, picture, scale, opacity],
  );
  const result = run.state === "done" ? (run.job?.result as Attribution | null) : null;
  const describes = result
    ? t("why-result", {
        method: method.name,
        class: result.class_name ?? String(result.class),
        score: formatValue(result.score),
      })
    : t("why-not-yet", { method: method.name });
  return (
    <Figure
      title={method.name}
      description={describes}
      name={`why-${method.method}`}
      {...(map && {
        drawing: () => ({
          width: 4 * pixels.columns,
          height: 4 * pixels.rows,
          draw: (surface) => surface.image(pixels, 0, 0, 4 * pixels.columns, 4 * pixels.rows),
        }),
        data: () => ({ ...result, shape: map.shape, map: map.data }),
      })}
    >
      <PictureCanvas label={describes} pixels={pixels} />
      <RunStatus run={run} onCancel={cancel} onAgain={again} />
      {map && <Legend scale={scale} />}
      {result && <ResultWords result={result} />}
      <p class="small">
        {t(method.means)}{" "}
        <a href={method.source.address} target="_blank" rel="noreferrer">
          {method.source.text}
        </a>
      </p>
    </Figure>
  );
}

function ResultWords({ result }: { result: Attribution }) {
  const { t } = useText();
  return (
    <>
      {result.layer !== null && (
        <p class="small muted">{t("why-looks-at", { layer: result.layer })}</p>
      )}
      {result.completeness && (
        <p class="small muted number">
          {t("why-completeness", {
            sum: formatValue(result.completeness.sum),
            expected: formatValue(result.completeness.expected),
          })}
        </p>
      )}
    </>
  );
}

/** The map of a job that is done; of those that send it early, the newest. */
function useMap(api: Api, run: Run): Tensor | null {
  const id = run.job?.id;
  const there = run.tensor?.name === "map" || run.state === "done";
  const version = run.tensor?.version ?? 0;
  const { data } = useResource(id && there ? `${id} ${version} ${run.state}` : null, (signal) =>
    api.tensor(`/jobs/${id}/tensors/map`, {}, signal),
  );
  return data;
}

function useMapScale(map: Tensor | null) {
  const isDark = dark.value;
  return useMemo(() => {
    const { minimum, maximum } = rangeOf(map?.data ?? []);
    return minimum < 0
      ? divergingScale(Math.max(-minimum, maximum), isDark)
      : sequentialScale(0, maximum);
  }, [map, isDark]);
}
