/** Payload that a broker carries unless it is told otherwise: NATS's own default. Tables are made to fit into it. */
export const BROKER_PAYLOAD_BYTES = 1024 * 1024;
