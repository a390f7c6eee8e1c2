import { z } from 'zod';

/** What a modal carries with it: ids only. */
export interface ReviewReference {
  readonly incident: string;
  readonly run: string;
  readonly planHash: string;
  readonly channel: string;
  /** The way that the shown plan takes. */
  readonly choice?: string;
}

const referenceSchema: z.ZodType<ReviewReference> = z.object({
  incident: z.string(),
  run: z.string(),
  planHash: z.string(),
  channel: z.string(),
  choice: z.string().exactOptional(),
});

/** As the modal's `private_metadata`. */
export function writeReference(reference: ReviewReference): string {
  return JSON.stringify(reference);
}

/** Undefined when it is none of ours. */
export function readReference(metadata: string): ReviewReference | undefined {
  try {
    const parsed = referenceSchema.safeParse(JSON.parse(metadata));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
