export interface ProblemText {
  readonly title: string
  readonly text: string
  readonly remedy: string
}

/** What is wrong, and the two ways out of it. */
export const Problem = ({ title, text, remedy }: ProblemText) => (
  <section className="problem" role="alert" data-testid="problem">
    <h2>{title}</h2>
    <p>{text}</p>
    <p>{remedy}</p>
    <p className="actions">
      <button type="button" className="button" onClick={() => location.reload()}>
        Try again
      </button>
      <a className="button primary" href={location.pathname}>
        Start a new room
      </a>
    </p>
  </section>
)
