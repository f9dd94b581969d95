// Set here, since jest ignores a project's own `testTimeout` where several projects run together.
jest.setTimeout(globalThis.testTimeoutMs);
