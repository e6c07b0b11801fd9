/** Loaded before anything else: this process's clock is CLOCK_OFFSET_MS off. */
const RealDate = Date;
const offset = Number(process.env.CLOCK_OFFSET_MS);

globalThis.Date = class Date extends RealDate {
  constructor(...fields) {
    super(...(fields.length === 0 ? [Date.now()] : fields));
  }

  static now() {
    return RealDate.now() + offset;
  }
};
