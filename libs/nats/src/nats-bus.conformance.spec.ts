import { type NatsConnection, connect } from 'nats';
import { connectBus } from './connect-bus';
import { startBroker } from './testing/broker';
import { describeBus } from './testing/bus-conformance';

describeBus('NatsBus keeps the Bus contract', async () => {
  const broker = await startBroker();
  const echo: NatsConnection = await connect({ servers: broker.url });
  return {
    connect: (listeners = {}) => connectBus({ url: broker.url, name: 'test', ...listeners }),
    echo: async (subject) => {
      echo.subscribe(subject, { callback: (_error, message) => void message.respond(message.data) });
      await echo.flush();
    },
    close: async () => {
      await echo.close();
      await broker.stop();
    },
  };
});
