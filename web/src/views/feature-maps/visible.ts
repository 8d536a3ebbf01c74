import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Whether an element has been near the screen: what it shows is fetched then, and kept. */
export function useSeen<T extends HTMLElement>(): [RefObject<T | null>, boolean] {
  const reference = useRef<T>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = reference.current;
    if (!element || seen) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
      },
      { rootMargin: "300px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [seen]);
  return [reference, seen];
}
