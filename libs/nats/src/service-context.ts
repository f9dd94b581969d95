import { BaseRpcContext } from '@nestjs/microservices';

/** What a handler may ask about its request: `@Ctx() context: ServiceContext`. */
export class ServiceContext extends BaseRpcContext<[subject: string, header: (name: string) => string | undefined]> {
  /** The subject on which the request came. */
  get subject(): string {
    return this.args[0];
  }

  /** A header's value, or undefined. */
  header(name: string): string | undefined {
    return this.args[1](name);
  }
}
