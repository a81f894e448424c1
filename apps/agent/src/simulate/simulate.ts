export function simulate(_args: string[]): Promise<void> {
  return Promise.reject(new Error('not there yet'));
}
