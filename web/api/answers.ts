/** What a request comes to. */
export interface Failure {
  code: string;
  message: string;
  hint: string | null;
}

/** `gone`: API_GONE, NOT_ALLOWED, SLOW or NOT_AN_ANSWER; the API has not answered, or not to us. */
export type Answer<T> =
  { is: 'ok'; status: number; value: T } | { is: 'refused'; status: number; failure: Failure } | { is: 'gone'; failure: Failure };
