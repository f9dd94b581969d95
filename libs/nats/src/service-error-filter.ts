import { Catch, type ExceptionFilter, type INestApplication, type INestMicroservice } from '@nestjs/common';
import { NestMicroservice } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';
import { type NatsServiceStrategy } from './nats-service-strategy';

/**
 * Hands a handler's exception to the strategy as it is. Nest's own filter logs what is no RpcException and turns it into
 * `Internal server error`, so that codes, details and InvariantErrors would be lost.
 */
@Catch()
export class ServiceErrorFilter implements ExceptionFilter<unknown> {
  /** Called by Nest. */
  catch(thrown: unknown): Observable<never> {
    return throwError(() => thrown);
  }
}

/**
 * Attaches the strategy to an HTTP application. Call before `app.init()` and `app.startAllMicroservices()`.
 *
 * Nest binds filters when it registers the handlers, and `connectMicroservice` does that before it returns; so the
 * registration is put off until the filter is there.
 */
export function connectNatsService(app: INestApplication, strategy: NatsServiceStrategy): INestMicroservice {
  const service = app.connectMicroservice({ strategy }, { inheritAppConfig: false, deferInitialization: true });
  if (!(service instanceof NestMicroservice)) throw new Error('connectMicroservice made no NestMicroservice');
  service.useGlobalFilters(new ServiceErrorFilter());
  service.registerListeners();
  service.setIsInitialized(true);
  return service;
}
